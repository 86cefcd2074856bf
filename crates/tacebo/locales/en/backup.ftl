backup-carrying = Backing up
backup-checking = Checking the archive
# $run (String)
# $size (String)
# $place (String)
backup-done = Backup { $run } is finished: { $size } written to { $place }
# $versions (String)
# $again (String)
# $entries (String)
backup-carried = { $versions } new versions of documents, { $again } sealed anew or taken out, { $entries } entries of the log
# $manifest (String)
backup-manifest = SHA-256 of its manifest: { $manifest }
# $runs (String)
# $size (String)
backup-whole = The archive is whole: { $runs } backups, { $size }
# $versions (String)
# $entries (String)
# $checkpoints (String)
backup-whole-holds = { $versions } versions of documents, { $entries } entries of the log, in agreement with { $checkpoints } signed checkpoints
# $why (String)
backup-broken = The archive is broken: { $why }
# $why (String)
backup-unchecked = Not checked: { $why }
restore-filling = Restoring
restore-log = Checking the log
restore-terms = Making everything findable
# $run (String)
# $seconds (String)
restore-done = Backup { $run } is restored in { $seconds } s; documents and log fit each other
# $versions (String)
# $entries (String)
restore-holds = { $versions } versions of documents, { $entries } entries of the log
restore-point = Bringing documents back to the point in time
# $to (String)
# $changed (String)
# $made (String)
# $gone (String)
# $left (String)
restore-back = Documents are as they were at { $to }: { $changed } brought back, { $made } made anew, { $gone } taken away, { $left } left as they are
