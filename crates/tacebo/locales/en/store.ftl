# $at (String)
store-at = Store: { $at }
# $known (String)
store-none = There is no store yet: tacebo init makes one, version { $known }.
# $found (String)
# $known (String)
store-versions = Its tables have version { $found }; this program knows version { $known }.
store-up-to-date = Nothing is missing.
# $number (String)
store-step = Missing: step { $number }
store-stop-first = Stop every program over this store, then run: tacebo store migrate
store-at-start = This is done at the next start of tacebo serve, or now by: tacebo store migrate
store-tried = All of it went through and was taken back. Nothing was changed.
# $known (String)
store-applied = All of it is done. The tables have version { $known }.
