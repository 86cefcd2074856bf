clock-nearest = Nearest deadline
clock-nothing = Nothing is due
clock-unreviewed = Emergencies to review
clock-waiting = Requests waiting
clock-refusals = Refusals this week
clock-refusals-text = look at those that repeat
today-tasks = To decide, most urgent first
today-empty = No request is waiting
today-empty-text = Every emergency access is reviewed and every request answered.
task-review = Emergency access
task-access-request = Request for access
task-rights-request = A patient's request
task-other = Task
reviews-waiting = Waiting
reviews-empty = No emergency access is waiting
reviews-empty-text = All have been reviewed.
reviews-done = Reviewed
reviews-done-empty = None has been reviewed yet.
# $n (Number)
for-minutes = for { $n } min
review-title = Review
review-what = What took place
review-relation-after = An ordinary relation came about afterwards:
review-no-relation-after = No ordinary relation came about afterwards. Ask why.
# $n (Number)
review-shown = Shown under this ticket: { $n }
review-shown-empty = Nothing was opened.
review-decide = Decide
review-outcome = Was it right?
review-justified = It was right
review-justified-hint = The reason holds, and what was opened fits it.
review-widen-rules = Right, but the rules were too narrow
review-widen-rules-hint = Ordinary rules should have covered it; it goes to the rule list.
review-ask-more = Ask the person
review-ask-more-hint = Stays open; the person is asked to explain.
review-not-justified = It was not right
review-not-justified-hint = An incident is opened. Tell the person before anybody else.
review-note = Note
review-note-hint = What you looked at and why you decide so. The person concerned may read it.
review-do = Close the review
who-saw-lead = Every look at a record, by patient or by member of staff.
who-saw-by = Look from which side
who-saw-patient = Who saw this patient
who-saw-staff = Whom this person saw
who-saw-query = Record number or account name
who-saw-nobody = Nobody has looked
who-saw-nobody-text = There is no entry for this search.
who-saw-start = Whose trail?
who-saw-start-text = Type a record number or an account name. This search is itself logged.
# $hours (Number)
clock-unreviewed-text = each within { $hours } hours
# $days (Number)
clock-waiting-text = each within { $days } working day(s)
# $hours (Number)
reviews-lead = Each emergency access is looked at by a person within { $hours } hours.
granted-now = Access granted now
granted-empty = No access by request is running.
