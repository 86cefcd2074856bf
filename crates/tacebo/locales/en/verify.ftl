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
files-no-extension = The database server was not asked about its own files: the extension amcheck is not in this database.
files-no-right = The database server was not asked about its own files: the role may not call bt_index_check (extension amcheck).
broken = The log is broken.
# $fault (String)
broken-place = First broken place: { $fault }
# $count (String)
objects-whole = { $count } objects of large documents are as they were written
# $count (String)
objects-elsewhere = { $count } objects of large documents were not looked at: name the configuration with --config
# $what (String)
broken-object = Large documents are damaged: { $what }
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
whole-twice = Each checkpoint is signed twice, with Ed25519 and with SM2; both were verified.
# $institution (String)
certificate-holds = The certificate holds. It is of { $institution }.
# $origin (String)
# $size (String)
certificate-log = Its entry is in the log { $origin }, under a signed checkpoint of { $size } entries.
certificate-person = Destroyed: all data of one person.
# $category (String)
certificate-category = Destroyed: one group of a person's data ({ $category }).
# $kind (String)
certificate-document = Destroyed: one document with its history ({ $kind }).
# $reference (String)
# $ground (String)
# $reason (String)
certificate-why = Case: { $reference }; ground: { $ground }; reason: { $reason }
# $asked (String)
# $asked_at (String)
# $approved (String)
# $approved_at (String)
certificate-who = Asked by { $asked } ({ $asked_at }), approved by { $approved } ({ $approved_at }).
# $at (String)
# $documents (String)
# $keys (String)
certificate-done = Destroyed { $at }: { $documents } documents, { $keys } data keys.
# $epoch (String)
# $key (String)
# $at (String)
# $worth (String)
certificate-root = Root epoch { $epoch } (key { $key }) was destroyed { $at }. What that means: { $worth }
# $epoch (String)
# $key (String)
# $at (String)
certificate-root-unseen = Root epoch { $epoch } (key { $key }) was found gone { $at }, without a receipt: the program was stopped between destroying it and saying so.
# $until (String)
certificate-kept = The record of who saw the person is kept by law until { $until }.
# $from (String)
# $days (String)
certificate-final = Nothing can bring it back from { $from }: no copy of a key is kept for longer than { $days } days.
# $why (String)
certificate-broken = The certificate does not hold: { $why }
certificate-unconfirmed = The institution has not confirmed the number of days yet.
