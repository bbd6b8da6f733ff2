-- Questions of servers that wait for a host, and its answers.
CREATE TABLE host_questions (
    number INTEGER PRIMARY KEY,
    host TEXT NOT NULL,
    asked_ms INTEGER NOT NULL,
    question TEXT NOT NULL,
    answer TEXT
);
CREATE INDEX host_questions_waiting ON host_questions (host, number) WHERE answer IS NULL;
