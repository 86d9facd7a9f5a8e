"""A mail server that takes a message and never answers."""

import os
import time

from django.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages):
        with open(os.environ["HANG_ON"], "w") as pipe:
            pipe.write("sending\n")
            pipe.flush()
            time.sleep(600)
