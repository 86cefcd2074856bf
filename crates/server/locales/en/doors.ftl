sex-male = male
sex-female = female
sex-other = other
sex-unknown = sex not known
# $n (Number)
age-years = { $n } y
# $n (Number)
age-months = { $n } months
# $n (Number)
age-days = { $n } days
refused-no-relation = There is no encounter, care team or appointment between you and this patient now, so the record stays closed.
refused-not-for-role = Your role does not open patient records.
refused-administrator = Administrators see no patient data.
refused-other = The rules of the house do not allow it now.
did-read = Opened
did-search = Looked at
did-history = Looked at earlier versions of
did-create = Wrote
did-update = Changed
did-delete = Deleted
did-export = Took out
did-print = Printed
did-declare-break-glass = Declared an emergency
did-review = Reviewed
did-read-log = Looked at the log
did-verify-log = Verified the log
did-administer = Administered
kind-identity = identity and contact
kind-visits = visits
kind-results = results and reports
kind-conditions = conditions and allergies
kind-medications = medications
kind-documents = documents and images
kind-consents = notices and choices
kind-log = log
kind-account = account
kind-emergency = emergency access
kind-request = request for access
kind-other = other records
# $kind (String)
# $n (Number)
kind-count = { $kind } ({ $n })
flash-emergency-ended = The emergency access has ended. Its review stays due.
flash-emergency-begun = The emergency is declared. You, the privacy officer and the patient can see it in the log.
flash-registered = The person is registered. Now the notice.
flash-consent = The notice and the answers are recorded.
flash-reviewed = The review is recorded.
flash-answered = The request is answered.
flash-saved = Saved.
flash-locked = The account is locked and its sessions have ended.
flash-unlocked = The account is in use again.
flash-password = The password is changed. All other sessions have ended.
flash-session = The session has ended.
flash-portal-ended = The account has ended.
flash-authority-ended = The authority has ended. The record no longer opens to this person.
flash-limited = Done: the department can no longer open your record.
flash-opened = Done: the department may open your record when it treats you.
chart-by-purpose = Log entries this week, by purpose
chart-by-hour = Log entries this week, by day and hour
chart-by-department = Looks by department
chart-by-patient = Looks by patient
step-entries = Every entry is the one that was logged
step-tree = The tree adds up to the stored root
step-signatures = Every signed head holds
step-older = The log continues the older checkpoint
# $n (String)
step-count = { $n } checked
# $who (String)
task-review-title = Emergency access by { $who }
# $who (String)
task-request-title = { $who } asks for access
check-store = The store answers
check-signed = The log is signed
check-log-writable = The log takes entries
# $signed (String)
# $entries (String)
check-signed-detail = { $signed } of { $entries } entries
custodian-module = in a hardware module: a destroyed key is gone with its only copy
custodian-tpm = in a TPM: a destroyed key is cleared from its memory
custodian-service = in a key service: a destroyed key may be in the service's backups
custodian-software = in a module of software: a destroyed key may be in copies of its files
custodian-file = in a passphrase file: a destroyed key may be in copies of the file
suite-international = international: AES-256-GCM, SHA-2, Ed25519
suite-shangmi = commercial cryptography of China (shangmi): SM4-GCM, SM3, SM2 besides Ed25519
check-root-turned = Older root keys are destroyed
check-custodian = The custodian of the root keys answers
# $answered (String) When it answered last.
# $closes (String) When the house closes.
check-custodian-lost = No answer since { $answered }; unless it comes back the house closes at { $closes }, and nothing can be opened
# $name (String) What the standby calls itself.
check-standby = Standby database { $name } follows
check-standby-none = At least one standby database follows
check-standby-none-detail = None is connected: if the server fails there is nothing to switch to
standby-synchronous = synchronous: each commit waits until it has it
standby-asynchronous = asynchronous: the latest commits may be missing after a switch
standby-unknown = connected; this program may not see how (grant pg_read_all_stats)
# $waits (String) Whether commits wait for it.
# $bytes (String) How much it has not applied.
standby-behind = { $waits }, { $bytes } behind
check-compared = Documents and log fit each other
visit-outpatient = Outpatient visit
visit-inpatient = Stay
visit-emergency = Emergency visit
visit-other = Visit
visit-none = Outside a visit
# $day (String)
since-text = since { $day }
# $n (Number)
kept-back-veiled = { $n } documents shown in part
# $n (Number)
kept-years = { $n } years after the last visit
letter-emergency = Your record was opened in an emergency
field-actor = Account
field-roles = Roles
field-department = Department
field-purpose = Purpose
field-action = Action
field-outcome = Outcome
field-patient = Patient
field-items = Items
field-count = Number of items
field-digests = Digests
field-gone = Taken out
field-policies = Policies
field-evidence = Rests on
field-masks = Masks
field-door = Door
field-address = Address
field-request = Request
field-detail = Detail
field-also = Also done for it
class-disclosure = Disclosure
class-change = Change
class-refusal = Refusal
class-house = Of the house
bearer-session = Browser
bearer-token = Token for programs
# $n (Number)
minutes-n = { $n } min
filter-all = All
proof-minute = Logged in the minute
proof-not-of-this-log = This text is no proof of this log, or it was changed.
account-name-form = 2 to 64 letters, digits or . _ - @, no spaces.
account-practitioner-unknown = Nobody in the staff register who works here has this number or id.
account-department-unknown = No department has this name.
request-page = Request for access
request-who = Who asks
request-why = Why
request-decide = Your answer
request-decline = Decline
request-accepted = Accepted
request-declined = Declined
born-not-as-id = The birth date and the identity number do not agree.
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
# $index (String)
fault-entry-misfiled = entry { $index } is missing from the list of its person or actor, or stands in another's
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
fault-signature-unknown = checkpoint { $seq } bears a signature by a key that was not given: give every line of the log's public key, or somebody added it
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
# $role (String)
# $department (String)
# $hours (Number)
letter-emergency-text = { $role } ({ $department }) stated an emergency. The privacy officer reviews it within { $hours } hours. If you do not know why, ask.
request-accept = Accept for this time
request-days = For how long?
request-days-hint = The access ends by itself, and every look is logged like any other.
# $n (Number)
days-n = { $n } day(s)
# $when (String)
request-until = until { $when }
request-running = The access is running.
request-over = The access has ended.
request-ended = Ended early
request-end = End the access now
# $who (String)
# $when (String)
request-by = by { $who }, { $when }
request-own = This is a request of your own. Another person answers it.
flash-turned = The new root key is in use, and the older one is destroyed.
flash-destruction-asked = Asked for. Another person answers now.
flash-held = Nothing of this patient can be destroyed until the hold is lifted.
flash-lifted = The hold is lifted.
flash-new-keys = Everything about the patient is sealed under new keys.
flash-terms = New search keys are in use; the rest is made anew by itself.
