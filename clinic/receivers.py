"""What Django tells of log-ins."""

from django.contrib.auth.signals import user_logged_in, user_logged_out

from clinic.accounts.log_ins import forget_session, remember_session

user_logged_in.connect(remember_session, dispatch_uid="clinic.remember_session")
user_logged_out.connect(forget_session, dispatch_uid="clinic.forget_session")
