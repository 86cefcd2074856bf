system-lead = How the machines stand. No patient data reaches this page.
system-well = All is well
# $n (Number)
system-unwell = { $n } check(s) need you
system-store = Data folder
# $size (String)
system-free = { $size } free
system-documents = Documents
# $n (String)
system-subjects = { $n } persons
system-epoch = Key epoch
system-suite = Algorithms
system-requests = Requests per minute
system-program = Program
system-version = Version
system-started = Started
system-memory = Memory
system-no-patient = An administrator of this system cannot open a patient's record.
root-lead = Root keys protect every data key. Reads and writes go on while one is replaced.
# $epoch (String)
root-in-use = Root key { $epoch } is in use
root-since = In use since
root-since-founding = The founding
root-custodian = Held
root-left = Older ones still to be destroyed or told of
root-last-turn = The last turn
root-turn-running = A turn is not finished
root-never-turned = It was never turned.
root-step-made = A new root key is made
root-step-wrapped = Every key is protected by the new one
root-step-gone = The older root key is destroyed
root-step-told = Its destruction is in the log
root-done = Done:
root-open = Not yet:
root-trouble = It stopped here last time; the program tries again by itself:
root-turn = Turn the root key
root-turn-text = Makes a new root key, protects every key with it, and destroys the older one. No record is rewritten. Copies of the key tables from before the turn cannot be opened any more.
root-turn-now = Turn it now
root-turn-finish = Go on with the turn
root-turn-hint = If the root key was split into shares on paper, destroy those and make new ones afterwards: tacebo keys recovery make
root-not-yours = Only the security administrator can turn the root key.
terms-title = Search keys
terms-text = Names and numbers are found by blind terms. A new key makes them all anew while everything goes on; then the older key and its terms are gone.
terms-epoch = In use
terms-progress = Under way
# $percent (String)
terms-percent = { $percent }% made anew; both keys are asked meanwhile
terms-make = Make new search keys
backups-lead = An archive of all records, sealed as they are. What is in it opens with the root key only.
backups-well = Backups are made and come back
backups-missed = A backup is missing
backups-test-late = The last restore test is too old, failed, or missed its targets
backups-running = A backup is under way
backups-test-running = A restore test is under way
backups-none = No backup is set up: nothing would come back after a loss of the disk.
# $when (String)
backups-trouble = The attempt of { $when } failed; the program tries again by itself:
backups-last = The last backup
backups-when = Finished
backups-number = Backup
backups-took = Took
# $n (String)
backups-seconds = { $n } s
# $n (String)
backups-minutes = { $n } min
# $n (String)
backups-hours = { $n } h
backups-size = Written
backups-carried = New in it
# $versions (String)
# $entries (String)
backups-counts = { $versions } versions of documents, { $entries } entries of the log
backups-manifest = SHA-256 of its manifest
backups-never = No backup was made yet.
backups-last-test = The last restore test
backups-result = Result
backups-passed = Passed
backups-failed = Failed
backups-rto = A restore takes (RTO)
backups-too-long = Longer than it may
backups-rpo = Would have been lost (RPO)
backups-too-old = More than may be lost
backups-compared = Compared
backups-test-never = No restore was tried yet.
backups-do = Now
# $hours (String)
# $days (String)
# $late (String)
backups-plan = A backup every { $hours } hours and after every change of keys, a restore test every { $days } days; after { $late } days a test is too old.
# $minutes (String)
# $hours (String)
backups-targets = A restore may take { $minutes } minutes and lose { $hours } hours of work.
backups-now = Back up now
backups-test-now = Test a restore now
backups-test-hint = A test restores the newest backup into a folder of its own, compares documents, hashes and log, measures, and wipes it.
backups-set-up = Whoever runs the machine names a place under [backup] in the configuration.
check-backup = The last backup is not missed
check-restore-test = A restore was tried and came back in time
nodes-title = Nodes
nodes-text = The programs that serve this institution over one database. One that is not heard of for 15 seconds has forgotten all keys by then and answers nothing until it is back.
nodes-name = Host and process
nodes-state = State
nodes-heard = Last heard of
nodes-own = this one
nodes-lives = in service
nodes-silent = silent
