bar-access = Your access:
# $n (Number)
bar-current = { $n ->
    [one] current patient
   *[other] current patients
    }
bar-research = Research:
# $day (String)
bar-training = Privacy training valid until { $day }
# $day (String)
bar-training-over = Privacy training ran out on { $day }
patients-empty = No patient is with you now
patients-empty-text = Patients appear here as soon as an encounter, a care team or an appointment names you.
my-items = For you to do
find-label = Find a patient by name, pinyin, record number or resident id
find-placeholder = Name, pinyin, record no., resident id
find-do = Find
find-lead = Each search is in the log. Opening a record needs a relation to the patient.
find-found = Patients found
find-nothing = Nobody found
find-nothing-text = Look at the spelling, or search by record number.
find-more = There are more. Please search more closely.
find-start = Whom are you looking for?
find-start-text = Two characters of the name or the whole number are enough.
find-no-relation = No relation
limits-title = The patient has limited:
# $day (String)
since-day = since { $day }
kept-back-title = Kept back from you:
timeline-title = Timeline
timeline-empty = Nothing has been written yet
timeline-empty-text = The record begins with the first encounter.
visit-running = now
problems-title = Conditions
problems-empty = No condition is on record.
medications-title = Medications
medications-empty = No medication is on record.
labs-title = Results
labs-empty = No result is on record.
lab-range = Reference range
event-condition = Condition
event-medication = Medication
event-report = Report
event-observation = Result
event-procedure = Procedure
event-immunization = Vaccination
event-document = Document
event-other = Event
chart-empty = No numbers yet.
# $n (Number)
# $from (String)
# $to (String)
# $least (String)
# $greatest (String)
# $last (String)
# $unit (String)
chart-line-desc = { $n } values from { $from } to { $to }, between { $least } and { $greatest }; the latest is { $last } { $unit }.
chart-numbers = Numbers
chart-when = When
# $unit (String)
chart-value = Value ({ $unit })
chart-count = Number
# $total (Number)
# $greatest (Number)
chart-heat-desc = { $total } in all, at most { $greatest } in one hour.
