accounts-lead = One person, one account. Each change is in the log under your name.
accounts-search = Name, account or department
accounts-empty = No account fits
accounts-empty-text = Take a shorter part of the name.
account-make = New account
account-edit = Account
account-about = The person
account-user = Name to log in with
account-user-hint = Small letters, digits and dots. It never changes.
account-department-hint = Decides which patients are "with the department".
account-training = Privacy training valid until
account-training-hint = Without it no patient record opens.
account-active = In use
account-locked = Locked
account-waiting = Waiting after wrong tries
account-new = Not used yet
roles-text = A role says what somebody is here for. Which records open is decided by the relation to the patient.
roles-clash = An administrator's role stands alone: one person cannot be two administrators, nor administrator and anything else.
role-alone = stands alone
three-title = Three administrators, three persons
three-text = Nobody can run the machines, give rights and watch over it all at once. Each sees what the others did.
account-steps = Steps
account-steps-hint = Each ends the running sessions at once.
# $n (Number)
account-sessions = { $n } running session(s)
# $span (String)
account-last = last used { $span }
account-lock = Lock
account-unlock = Unlock
account-reset-factor = Set up the second factor anew
account-reset-password = New first password
account-own = This is your own account. Another security administrator must change it.
account-changes = Earlier changes
account-changes-empty = No change yet.
factor-set = second factor set up
factor-not-set = second factor not set up
# $day (String)
factor-since = Set up since { $day }
factor-help = A new phone? The security administrator resets it with you present.
once-title = Shown only once
once-text = Give it to the person by hand. It cannot be shown again, only made anew.
once-password = First password
once-secret = Secret of the authenticator
sessions-title = Where you are logged in
session-this = this one
# $span (String)
session-last = last used { $span }
session-end = End
