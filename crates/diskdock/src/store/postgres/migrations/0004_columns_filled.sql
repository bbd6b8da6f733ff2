-- Rows of resources whose columns are not as their bodies say, since a server wrote them that does
-- not know all columns; `columns` is how many there are.
CREATE TABLE stale_columns (
    kind text NOT NULL,
    id text COLLATE "C" NOT NULL,
    columns bigint NOT NULL,
    PRIMARY KEY (kind, id)
);
-- Kinds of resources of which all rows are to be filled, and how far that is.
CREATE TABLE column_fills (
    kind text PRIMARY KEY,
    columns bigint NOT NULL,
    filled_to text COLLATE "C" NOT NULL
);
CREATE FUNCTION note_stale_columns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale_columns (kind, id, columns) VALUES (TG_ARGV[0], NEW.id, TG_ARGV[1]::bigint)
    ON CONFLICT (kind, id) DO UPDATE SET columns = excluded.columns;
    RETURN NULL;
END $$;
