-- Reports of manifests are shapes from here on (src/store/shape.c), which a program that knows only older schemas cannot read.
-- What is stored stays as it is, and is read as before.
COMMENT ON COLUMN manifest.report IS 'size, check sum and form; zstd';
