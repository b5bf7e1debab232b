"""A backup is one file, and a restore says whether it is the clinic again.

Note [One encrypted file]
    A backup is an archive (tar) that is encrypted (age) while it is written: the database as
    pg_dump tells it (custom format, in pieces, for its size is not known before), every file of
    MEDIA_ROOT, and last `manifest.json` with the sizes and checksums of all of them, the rows of
    each table, the migrations, the version and fingerprints of the keys. Nothing of a patient is
    on the disk in clear, and the server has no key that opens what it has written.
    The rows are counted in the snapshot that pg_dump reads (pg_export_snapshot), so they agree
    while the clinic works. The media come after it: a photograph's files are written before its
    row and never change.
    It is written under another name, synced, and renamed: what has the name of a backup is whole.
"""
