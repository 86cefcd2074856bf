# $name (String)
me-hello = Hello, { $name }
me-kept = What is kept about you
me-what = What
me-what-text = We keep your name and contact details, and what your doctors wrote, measured and prescribed here.
me-why = Why
me-why-text = To treat you well and safely, and because the law asks hospitals to keep records.
me-until = Until when
me-kept-more = Exactly what
# $n (Number)
me-documents = { $n } documents
# $n (Number)
tile-choices = { $n ->
    [0] nothing is limited
   *[other] limited departments: { $n }
    }
tile-record = conditions, medications, results
tile-proof = without trusting the hospital
me-latest = Latest looks
me-ask = Ask or complain
seen-lead = Every look at your record, also the refused ones. Each has a proof you can check yourself.
seen-empty = Nobody has looked at your record
seen-empty-text = As soon as somebody does, it stands here.
seen-question = Something looks wrong? Ask the privacy officer for the name behind a look. You always get an answer.
look-refused = refused
# $purpose (String)
look-for = for: { $purpose }
proof = Proof
seen-entry-title = One look at your record
seen-held = This entry is in the log
seen-not-held = This entry could not be proven
seen-held-text = With the proof file you can check it at home, even years later, without asking us.
proof-how = What the proof is worth
proof-how-1 = It names this look: who in which role, when, for what.
proof-how-2 = It shows by numbers that the entry is part of the one log, whose root is signed and kept elsewhere too.
proof-how-3 = If the hospital removed or changed the entry later, the proof would still hold against it.
proof-numbers = The numbers
choices-lead = You can keep a department from looking at your record. It works from the next click on.
choices-departments = Departments
choices-empty = You have not been with any department yet
choices-empty-text = Departments appear here after your first visit.
# $visits (Number)
choice-open = May look when it treats you · { $visits } visit(s)
choice-limited = Limited by you
# $day (String)
choice-limited-since = Limited by you since { $day }
# $name (String)
choice-switch = Limit { $name }
switch-limited = Limited
switch-open = Open
choices-effect = What a limit does
choices-effect-1 = Nobody of the department can open your record, not even a doctor who treated you there.
choices-effect-2 = You can take it back here any day.
choices-effect-3 = If you come to that department, tell them: they know less about you, and may ask again.
choices-law = What the law excepts
choices-law-1 = In an emergency a doctor can open the record with a stated reason. You see it, and it is reviewed.
choices-law-2 = Infectious diseases that must be reported are reported.
choices-law-3 = Courts and authorities may ask for records as the law says. That is logged too.
my-record-lead = What your doctors see. Something is wrong? You may ask for a correction.
my-problems-empty = No condition is on record.
my-medications-empty = No medication is on record.
my-labs-empty = No result is on record.
my-visits = Visits
my-visits-empty = No visit yet
my-visits-empty-text = Your visits appear here.
check-proof-title = Check a proof
check-proof-lead = Paste the text of a proof file. Nothing is stored, and no log-in is needed.
check-proof-paste = Text of the proof
check-proof-paste-hint = The whole file, first line to last.
check-proof-do = Check
check-proof-held = The proof holds
check-proof-failed = The proof does not hold
check-proof-without = Without trusting this page
check-proof-without-text = The proof follows public formats. Any program that knows them can check it with these two values, on a machine that is not ours:
check-proof-origin = Name of the log
whose-record = Whose record
whose-own = My own
# $id (String)
whose-child = Child { $id }
# $name (String)
me-child = This is what is kept about { $name }. You see it as parent or guardian.
# $outpatient (Number)
# $inpatient (Number)
me-until-text = Outpatient records { $outpatient } years, inpatient records { $inpatient } years after the last visit. Then they are destroyed.
# $n (Number)
# $days (Number)
tile-seen = { $n } looks in the last { $days } days
# $days (Number)
me-ask-text = The privacy officer's desk is on the ground floor and answers within { $days } days. You may also turn to the health authority.
to-be-confirmed = (This figure is still to be confirmed.)
notices-given = Notices given to you
notices-given-empty = None is on record.
