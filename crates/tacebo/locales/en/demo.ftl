# $name (String)
# $dir (String)
demo-founding = Founding { $name } in { $dir }
demo-loading = Loading sample patients
# $name (String)
# $dir (String)
demo-found-again = { $name } found in { $dir }
# $name (String)
demo-ready = { $name } is open
demo-console = Console
demo-portal = Portal
demo-fhir = FHIR
demo-accounts = Who can log in (password, then the six-digit code):
# $login (String)
# $header (String)
demo-client = Client system { $login }: send the token as "Authorization: Bearer …" and the purpose as "{ $header }: TREAT"
demo-code-note = Codes change every 30 seconds; put the TOTP secret into an authenticator app, or run the command again.
demo-patients = Patients of the story:
# $dir (String)
demo-synthetic = Everything here is invented. Keys, passwords and secrets lie in { $dir }/custody, which a real house keeps on another machine.
demo-stop = Stop with Ctrl-C.
col-role = role
col-login = name
col-password = password
col-secret = TOTP secret
col-code = code now
role-doctor = doctor
role-nurse = nurse
role-radiographer = radiographer
role-receptionist = receptionist
role-privacy-officer = privacy officer
role-security-officer = security officer
role-auditor = auditor
role-system-admin = system administrator
role-security-admin = security administrator
role-audit-admin = audit administrator
role-guardian = parent or guardian
role-patient = patient
