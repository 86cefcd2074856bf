desk-title = Portal accounts
desk-own = The patient's own account
desk-own-text = The patient stands here with a document. The name to log in with is drawn and says nothing about the person.
desk-own-there = The patient has an account.
# $years (Number)
desk-child = Under { $years } the parent or guardian looks for the child, with an account of their own.
desk-open = Open an account
desk-password = New one-time password
desk-factor = New second factor
desk-end = End the account
desk-document = Document seen
desk-checked = I compared the document with the person who stands here.
desk-unchecked = Choose the document that was seen and tick that it was compared. Nothing was done.
desk-otherwise = Nothing was done: things stand as shown here by now.
desk-guardians = Parents and guardians
desk-guardians-empty = Nobody is recorded.
desk-active = acts for the patient
desk-over = ended
# $day (String)
desk-until-day = until { $day }
# $name (String)
desk-more = Account and authority of { $name }
desk-end-authority = End the authority
desk-end-authority-hint = In force with the person's next click. The account stays and opens nothing.
desk-new = Record a parent or guardian
# $years (Number)
desk-new-text = The person stands here with a document and with proof. The record opens to them only while the patient is under { $years }, and only this patient's.
# $years (Number)
desk-of-age = The patient is { $years } or older: nobody acts for the person in the portal.
desk-guardian-name = Name of the parent or guardian
desk-relationship = Is to the patient
desk-proof = Proof of it
desk-until = Last day
desk-until-hint = Only where an end is known, as in a court's decision.
desk-not-past = The last day lies in the past.
desk-new-do = Record and open the account
desk-past = Done before
desk-did-opened = Account opened
desk-did-password = New one-time password handed out
desk-did-factor = New second factor handed out
desk-did-ended = Account ended
desk-link = Portal account
tile-desk = Find the person, check the document, hand out the account.
sheet-title = Access to the portal
# $guardian (String)
# $patient (String)
sheet-guardian = { $guardian }, for { $patient }
sheet-address = Address
sheet-steps = How to begin
sheet-step-app = On your phone, open an authenticator and scan the code above, or type the secret.
sheet-step-app-there = Have the authenticator ready that you set up before.
sheet-step-log-in = Open the address, give name and password, then the six digits that the authenticator shows.
sheet-step-password = Choose a password of your own; the one-time password ends with that.
sheet-step-factor = Set up the authenticator once more with the code on the screen; the one above ends with that.
sheet-step-done = Destroy this sheet. Forgotten the password, or a new phone? Come to the counter with your document.
sheet-next = Next person
choose-one = Please choose
account-portal = Account of the portal
account-portal-text = Whose it is stands in the patient's record, not here. It can be locked here; new passwords and second factors are handed out at the counter, to the person with a document.
