counter-search = Find by resident id, phone or record number
counter-placeholder = Read the card, or type
counter-nothing = Not registered here yet
counter-nothing-text = Look at the number once more, or register the person.
counter-masked = Names and numbers are masked before they reach this screen.
tile-register = A new person: five fields, each with its purpose.
tile-consent-title = Notice and consent
tile-consent = Find the person, show the notice, record the answers.
queue-title = Expected today
queue-empty = Nobody is waiting.
next-consent = Give the notice
next-ready = All done, to the department
next-complete = Complete the details
register-lead = Ask only for what is needed, and say what for.
register-twins = Is it one of these?
register-twins-text = Two records for one person are dangerous.
register-needed = Needed
register-optional = Only if the person wants to
register-optional-text = Treatment does not depend on these. Leave them empty without asking twice.
register-anyway = It is another person: register
register-do = Register and go on to the notice
why-name = To call the person and to tell people apart.
why-sex = For reference ranges and rooms.
why-born = For doses, and for rules that protect minors.
why-id-number = So that nobody gets another person's record (real-name rule).
why-phone = To reach the person about results and appointments.
why-address = Only for letters and home visits.
why-insurance = Only for settling with the insurance.
why-contact = Only if the person cannot speak for themselves.
why-email = Only for copies the person asks for.
consent-title = Notice and consent
consent-step-show = 1 · Show
consent-step-ask = 2 · Ask and record
# $version (String)
# $since (String)
notice-version = Version { $version }, in force since { $since }
notice-digest = Hash of exactly this text:
consent-items = What the person decides
consent-needed = needed for treatment
consent-missing = Please record the answer, yes or no.
consent-yes = Agrees
consent-no = Declines
consent-kind = A "no" is as good as a "yes": treatment stays the same, and the answer can change any day.
consent-method = How was the notice given?
method-screen = Read on the screen
method-paper = Read on paper
method-aloud = Read aloud
consent-by = Who speaks?
by-self = The person
by-guardian = Parent or guardian
guardian-name = Guardian's name
consent-do = Record the answers
consent-past = Recorded before
consent-past-empty = Nothing recorded yet.
# $years (Number)
guardian-hint = Only when a parent or guardian speaks (always under { $years }).
# $years (Number)
guardian-needed = Under { $years } a parent or guardian answers. Please give the name.
consent-given-on = Given on
consent-given-on-hint = On paper it may have been an earlier day.
# $name (String)
consent-by-guardian = answered by parent or guardian { $name }
# $day (String)
consent-given-day = given on { $day }
