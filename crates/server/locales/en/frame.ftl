skip-to-content = Skip to the content
sample-hospital = Sample hospital
theme-switch = Switch light, dark or as the machine
navigation = Navigation
log-out = Log out
emergency-running = Emergency access is running:
# $time (String)
emergency-until = until { $time }
emergency-minutes-left = # min left
emergency-everything-logged = Everything you open is logged and reviewed.
emergency-end-now = End now
# $n (Number)
waiting-count = { $n } waiting
receipt-line = This view is in the log as
list-comma = {" "}·{" "}
optional = optional
pages = Pages of the list
page-earlier = Previous
page-later = Next
# $from (String)
# $to (String)
# $total (String)
page-of = { $from }–{ $to } of { $total }
# $from (String)
# $to (String)
page-range = { $from }–{ $to }
none = none
yes = Yes
not-yet = Not yet
never = Never used
past = past
you = You
show = Show
save = Save
cancel = Cancel
copy = Copy
print = Print
go-on = Go on
look-closer = Look closer
see-all = See all
span-under-a-minute = under a minute
# $n (Number)
span-minutes = { $n } min
# $h (Number)
# $m (Number)
span-hours-minutes = { $m ->
    [0] { $h } h
   *[other] { $h } h { $m } min
    }
# $d (Number)
# $h (Number)
span-days-hours = { $h ->
    [0] { $d } d
   *[other] { $d } d { $h } h
    }
# $n (Number)
span-days = { $n } days
# $span (String)
due-left = { $span } left
# $span (String)
due-over = { $span } overdue
# $span (String)
ago = { $span } ago
nav-my-patients = My patients
nav-find-patient = Find a patient
nav-counter = Counter
nav-register = Register
nav-privacy-today = Today
nav-reviews = Emergency reviews
nav-who-saw = Who saw whom
nav-log = Log
nav-verify = Verify the log
nav-accounts = Accounts and roles
nav-system = System status
nav-backups = Backups
nav-root-keys = Root keys
nav-my-account = My account
nav-me = My data
nav-seen = Who saw my record
nav-choices = My choices
nav-my-record = My record
