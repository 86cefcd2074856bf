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
