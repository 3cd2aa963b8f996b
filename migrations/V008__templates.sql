-- Sessions that were made from a template: what they run, and where they stand. Columns of the session's own row, so that
-- they begin and end with it.
ALTER TABLE sessions ADD COLUMN template TEXT CHECK (length(template) BETWEEN 1 AND 63);
-- What the template's variables were given, by name.
ALTER TABLE sessions ADD COLUMN variables TEXT
    CHECK (variables IS NULL OR (json_valid(variables) AND json_type(variables) = 'object'))
    CHECK ((variables IS NULL) = (template IS NULL));
-- starting: its agents are being started; asleep: they were stopped because nobody asked for them; stopping: they are
-- being stopped for good. What an ended session was doing last stays.
ALTER TABLE sessions ADD COLUMN phase TEXT
    CHECK (phase IN ('starting', 'running') OR phase IN ('asleep', 'stopping'))
    CHECK ((phase IS NULL) = (template IS NULL));

CREATE TRIGGER sessions_keep_their_template AFTER UPDATE OF template, variables ON sessions
WHEN NEW.template IS NOT OLD.template OR NEW.variables IS NOT OLD.variables BEGIN
    SELECT RAISE(ABORT, 'a session keeps the template and the variables that it was started with');
END;
CREATE INDEX sessions_of_templates ON sessions (id) WHERE state = 'active' AND template IS NOT NULL;
