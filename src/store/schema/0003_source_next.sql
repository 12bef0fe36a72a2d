-- When upstream may have something new; NULL: nobody has said.
ALTER TABLE source ADD COLUMN next INTEGER;
