-- Questions of servers that wait for a host, and its answers.
CREATE TABLE host_questions (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host text COLLATE "C" NOT NULL,
    asked_ms bigint NOT NULL,
    question text NOT NULL,
    answer text
);
CREATE INDEX host_questions_waiting ON host_questions (host, number) WHERE answer IS NULL;
