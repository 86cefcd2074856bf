nav-destructions = Destruction
destroy-lead = Destroys a person, a group of data or a document together with its keys, so that no backup brings it back. One asks, another approves.
destroy-not-taken = This cannot be taken
destroy-list = Requests and certificates
destroy-empty = Nothing was ever asked to be destroyed
destroy-empty-text = Requests, approvals and certificates are listed here.
destroy-what = What
destroy-case = Case or order
destroy-by = Asked by
destroy-ask = Ask for a destruction
destroy-ask-text = Once approved it is carried out at once and cannot be taken back.
destroy-whom = Patient
destroy-whom-hint = Record number, or a number on a card.
destroy-which = Which document
destroy-which-hint = Only for one document: Observation/obs-1.
destroy-ground = Ground
destroy-case-hint = It stands on the certificate.
destroy-reason = Reason
destroy-reason-hint = It stands on the certificate: leave out what tells who the patient is.
destroy-send = Send the request
destroy-person = The whole person: documents, records, portal account
destroy-health = Health data
destroy-activity = Data on the course of care
destroy-genetic = Genetic data
destroy-document = One document with its history
# $name (String)
destroy-document-of = One document with its history ({ $name })
destroy-incomplete = Fill in everything that is needed.
destroy-nothing = There is nothing of that kind: no such person, group of data or document.
destroy-asked = Waits for approval
destroy-declined = Declined
destroy-approved = Approved, under way
destroy-stopped = Stopped, nothing destroyed
destroy-pending = Destroyed; the old root key is still to go
destroy-final = Destroyed and certified
destroy-page = Destruction
destroy-certificate = Certificate of destruction
# $day (String)
destroy-gone-from = Nothing can bring it back from { $day }
# $n (Number)
destroy-gone-text = Data and keys are gone from this system. No copy of keys is kept for longer than { $n } days; older backups cannot be opened after that.
destroy-pending-text = Data and keys are gone from this system. Older backups are worthless once the old root key is destroyed; the program goes on with that by itself.
destroy-blocked = It cannot be approved now
destroy-request = The request
destroy-approved-by = Approved by
destroy-declined-by = Declined by
destroy-done = What was done
destroy-when = Destroyed
destroy-documents = Documents
# $n (String)
destroy-versions = { $n } versions
destroy-keys = Data keys
destroy-accounts = Portal accounts
# $epoch (String)
destroy-root = Root key { $epoch }
destroy-root-waits = not destroyed yet
destroy-log-until = Record of who saw it, until
destroy-log-text = kept by law; it holds numbers, no name
destroy-download = Download the certificate
destroy-check-hint = Anybody can check it offline: tacebo verify --certificate FILE --vkey KEY
destroy-own = You asked for it: somebody else approves.
destroy-decide-text = Approved, it is destroyed at once and for good. Check case and ground first.
destroy-approve = Approve and destroy
hold-title = Legal holds
hold-text = During a lawsuit, an inquiry or after an accident nothing of a patient may be destroyed.
hold-reason = Why
hold-place = Forbid destruction
hold-lift = Lift
# $reason (String)
# $by (String)
# $day (String)
block-hold = A legal hold forbids it: { $reason } ({ $by }, { $day }).
# $day (String)
# $rule (String)
block-kept = Law keeps the record until { $day } ({ $rule }), and the ground chosen does not lift that.
# $n (Number)
block-others = { $n } document(s) of others speak of this person too: have them put right first.
custodian-no-receipt = without a receipt: the program was stopped between destroying it and saying so
new-keys-title = New data keys
new-keys-text = Gives a patient new keys and seals everything about them anew, history included. Nothing else changes.
new-keys-make = Make new keys
