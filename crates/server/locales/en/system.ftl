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
nodes-title = Nodes
nodes-text = The programs that serve this institution over one database. One that is not heard of for 15 seconds has forgotten all keys by then and answers nothing until it is back.
nodes-name = Host and process
nodes-state = State
nodes-heard = Last heard of
nodes-own = this one
nodes-lives = in service
nodes-silent = silent
