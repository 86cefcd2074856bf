log-lead = Every access, every change, every refusal. Names are masked; opening a field is itself logged.
log-entries = entries
log-root = Root
log-signed = Signed
# $when (String)
log-verified = Verified { $when }: it holds
# $when (String)
log-broken = Verified { $when }: broken
log-not-verified = Not verified since start
log-key = Public key of the log
log-empty = No entry fits
log-empty-text = Widen the days or take out a filter.
filter-from = From
filter-to = To
filter-actor = Who (account)
filter-patient = Patient (record no.)
# $n (Number)
entry-title = Entry { $n }
entry-fields = What it commits to
entry-fields-text = The log holds only commitments. Opening one shows the value and checks that it is the one committed to.
field-matches = matches
field-differs = differs
field-open = Open
field-closed = closed to you
entry-tree = Its place in the tree
entry-leaf = Leaf hash
entry-commitment = Commitment
entry-row = Hash of the stored row
# $size (String)
entry-root = Root at { $size } entries
# $n (Number)
entry-path = Inclusion proof: { $n } hashes
proof-download = Download the proof
verify-lead = Recomputes the whole tree from the stored entries and compares it with the signed root.
verify-held = The log holds
# $n (String)
verify-held-text = All { $n } entries are as they were written; none is missing, none was changed.
verify-compared = It also continues the older checkpoint without a break.
verify-not-compared = Not compared with an older checkpoint: paste one below to see that nothing was rewritten.
verify-broken = The log is broken
verify-broken-text = Keep the data folder as it is, tell the security officer, and compare with the last copy kept elsewhere.
# $ms (Number)
verify-took = took { $ms } ms
check-held = holds
check-failed = failed
check-skipped = not reached
verify-now = Verify now
verify-now-text = Reading goes on meanwhile. A hundred thousand entries take a few seconds.
verify-older = Older checkpoint
verify-older-hint = The text you kept the last time, signature lines included.
verify-do = Verify now
verify-keep = Keep this somewhere else
verify-keep-text = With this note in your own hands nobody can rewrite the past unseen, not even the house.
compare-title = Documents beside the log
compare-text = One by one: every version that the log says was written is there and unchanged, none is there of which the log says nothing, and none passes for the current one. It runs by itself once a day, and nobody has to wait for it.
compare-do = Compare now
# $percent (Number)
compare-running = Comparing: { $percent } % done
compare-never = Not compared yet
# $entries (String)
# $versions (String)
compare-held = { $versions } versions fit { $entries } entries of writes
# $kind (String)
# $rid (String)
unlike-unreadable = version { $rid } in commit order ({ $kind }) does not open where it lies: it was changed, or moved from elsewhere
# $entry (String)
# $kind (String)
unlike-missing = a version ({ $kind }) that entry { $entry } tells of is not there
# $entry (String)
unlike-changed = what entry { $entry } says was written is not what lies there now
# $kind (String)
# $rid (String)
unlike-unrecorded = no entry tells of version { $rid } in commit order ({ $kind })
# $kind (String)
# $rid (String)
unlike-misplaced = version { $rid } in commit order ({ $kind }) passes for the current one and is not, or the other way round
# $kind (String)
# $rid (String)
unlike-blob-missing = the file of version { $rid } in commit order ({ $kind }) is not in the place of large documents
# $kind (String)
# $rid (String)
unlike-blob-changed = the file of version { $rid } in commit order ({ $kind }) is not the one that was written: cut, changed, or that of another version
# $entry (String)
unlike-entry = entry { $entry } does not open
