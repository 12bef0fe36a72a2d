-- Reports of manifests are shapes from here on (src/store/shape.c), which a program that knows only older schemas cannot read.
-- What is stored stays as it is, and is read as before.
UPDATE manifest_report SET value = value WHERE 0;
