"""`make preflight`: checks a deployed stack and its AWS account, and prints one line a check: ✓, ✗ with what to do, or – where it does not apply.

It reads only: reading.py lists every operation of AWS that it may call. The one exception is SEND (send.py), which pushes one dossier.
checks.py lists the checks in their order. Each is a function of the Deployment that returns a Result. Only clients.py needs boto3.
"""
