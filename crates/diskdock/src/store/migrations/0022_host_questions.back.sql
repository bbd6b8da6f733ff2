-- Undoes 0022_host_questions.sql for an older diskdock, whose hosts are asked nothing.
DROP TABLE host_questions;
