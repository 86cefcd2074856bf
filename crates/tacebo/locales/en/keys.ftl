# $at (String)
keys-file = Root keys are in a file under a passphrase: { $at }
# $at (String)
keys-pkcs11 = Root keys are in a PKCS#11 module: { $at }
# $at (String)
keys-transit = Root keys are in a key service: { $at }
# $epoch (String)
# $key (String)
keys-epoch-in-use = Root epoch { $epoch }, in use, key { $key }
# $epoch (String)
# $key (String)
keys-epoch-left = Root epoch { $epoch }, no longer in use, key { $key }
# $worth (String)
keys-worth = When it says that a key is destroyed: { $worth }
keys-unfinished = A turn was not finished: an older root key is still there. The running program goes on with it by itself; where none runs: tacebo keys turn
keys-turn-in-console = the program is running: turn the root key on its page of root keys (security administrator), or stop it first
worth-module = a hardware module destroyed its only copy. Backups of the module, if there are any, must be destroyed too.
worth-tpm = a TPM cleared it from its own memory.
worth-service = a key service deleted it. Backups of the service may still hold it, for whoever can unseal them.
worth-software = a module that is software by its own word deleted it from its files. Whoever kept a copy of those files and knows the PIN still has the key.
worth-file = the file was written anew without it. Whoever kept a copy of the older file and knows its passphrase, or enough shares of that key, still has it: keep the file out of backups and destroy old shares.
# $epoch (String)
keys-in-use = Root epoch { $epoch } is in use; every key is wrapped under it.
# $epoch (String)
# $key (String)
# $worth (String)
keys-destroyed = Root epoch { $epoch } is destroyed, key { $key }; it is in the log. What that means: { $worth }
# $epoch (String)
# $key (String)
keys-found-gone = Root epoch { $epoch } was destroyed by a run that was stopped, key { $key }; it is in the log now, without a receipt.
keys-finished = This finished a turn that was stopped before. For another new root key, run it again.
keys-make-shares = Shares made before are of the older root key: they do not open the data as they are now, but copies of the data from before the turn. Destroy them and make new ones: tacebo keys recovery make
# $file (String)
keys-moved = The new custodian is in charge. Put [custody] of { $file } into the configuration before the program starts again.
# $file (String)
keys-passphrase-changed = The root key file is under the new passphrase, which is in { $file }. Copies of the older file still open with the older passphrase.
# $institution (String)
# $need (String)
# $shares (String)
# $epoch (String)
share-head =
    TACEBO RECOVERY SHARE of { $institution }
    Any { $need } of the { $shares } shares together open everything that this institution keeps while root epoch { $epoch } is in use,
    for whoever also has its data or a copy of them from that time. Keep it sealed, apart from the other shares and from the data; hand it over to nobody alone.
    To use: type the lines below into a text file and run  tacebo keys recovery restore FILE FILE …
# $need (String)
shares-made = Print each file, hand each to a different person, and remove the files. Any { $need } of them bring the root key back. After the next turn of the root key they open copies of the data from before it only: destroy them then and make new ones.
# $epoch (String)
# $file (String)
shares-restored = The root key of epoch { $epoch } is back, in { $file }.
shares-open-the-house = The data open with it.
# $suite (String)
keys-module-wraps = The module or service wraps the institution's one key for each epoch with AES-256-GCM, whatever the suite ({ $suite }) of everything below it.
