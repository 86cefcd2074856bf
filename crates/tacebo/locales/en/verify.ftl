checking = Checking the log
whole = The log is whole.
# $entries (String)
whole-size = { $entries } entries, each one checked against the tree.
# $checkpoints (String)
# $tail (String)
whole-signed = { $checkpoints } signed checkpoints verified; { $tail } newest entries are not signed yet.
# $older (String)
whole-older = { $older } older checkpoints from your own hands: the log continues all of them.
whole-none = No older checkpoint was given. Keep one outside this machine (tacebo checkpoint): only with one can a rolled-back log be found out.
# $root (String)
whole-root = Root { $root }
# $vkey (String)
key-inside = The public key was read from the folder itself. Compare it with the one you were handed: { $vkey }
broken = The log is broken.
# $fault (String)
broken-place = First broken place: { $fault }
# $line (String)
broken-file = The database file is damaged: { $line }
# $why (String)
unchecked = The log could not be checked: { $why }
proof-holds = The proof holds.
# $minute (String)
# $size (String)
# $origin (String)
proof-entry = Entry of { $minute }, in the log under the checkpoint of { $size } entries of { $origin }.
proof-fields = Fields opened by this proof:
# $why (String)
proof-broken = The proof does not hold: { $why }
fault-state-missing = the state row of the log is missing
# $stated (String)
# $found (String)
fault-state-altered = the state row was altered: it says { $stated } entries, the tree has { $found }
# $size (String)
fault-root-mismatch = the root in the state row does not fit the { $size } entries
# $index (String)
fault-entry-missing = entry { $index } is missing
# $index (String)
fault-entry-superfluous = entry { $index } is stored but was never part of the log
# $index (String)
fault-entry-altered = entry { $index } was altered
# $index (String)
fault-row-altered = the stored row of entry { $index } was altered
# $level (String)
# $index (String)
fault-tile-missing = tile { $level }/{ $index } of the tree is missing
# $level (String)
# $index (String)
fault-tile-altered = tile { $level }/{ $index } of the tree was altered
# $level (String)
# $index (String)
fault-tile-superfluous = tile { $level }/{ $index } is stored but is not part of the tree
# $seq (String)
fault-checkpoint-missing = checkpoint { $seq } is missing
# $seq (String)
fault-checkpoint-superfluous = checkpoint { $seq } is stored but the log does not know it
# $seq (String)
fault-checkpoint-altered = checkpoint { $seq } was altered
# $seq (String)
fault-signature-invalid = the signature of checkpoint { $seq } is wrong
# $seq (String)
# $intact (String)
# $size (String)
fault-checkpoint-forked = checkpoint { $seq } contradicts the log: an entry between { $intact } and { $size } was rewritten
# $size (String)
# $seq (String)
# $signed (String)
fault-truncated = the log was cut off at { $size } entries; checkpoint { $seq } was signed for { $signed }
# $size (String)
# $intact (String)
fault-older-checkpoint-forked = your older checkpoint of { $size } entries contradicts the log: an entry between { $intact } and { $size } was rewritten
# $size (String)
# $signed (String)
fault-rolled-back = the log was cut off or rolled back to { $size } entries; your older checkpoint has { $signed }
