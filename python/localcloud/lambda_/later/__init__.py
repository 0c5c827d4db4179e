"""Asynchronous invocations: events that Lambda accepts now, and runs later.

An accepted event is kept (``accepted``) and waits in a queue (``queue``). What becomes of it after a run is decided by
pure rules (``rules``): it ends, or it is tried again. An event that has ended may leave a record (``records``), which
goes to a destination or a dead-letter queue (``deliveries``). ``processing`` puts these together.

AWS: Lambda Developer Guide, "Invoking a Lambda function asynchronously", "How Lambda handles errors and retries with
asynchronous invocation", and "Capturing records of Lambda asynchronous invocations".
"""
