"""The console: pages in the browser that start the workflow, watch it and explain it.

A server on this machine reads the cloud of one environment with boto3, and shows it. It opens on the local cloud and on
AWS alike::

    desk          the environment, its clients, its applied stacks, and whether changes are allowed
    security      who may ask: a token, the page's own host and origin, and no script from elsewhere
    live          what changes, as server-sent events
    server        the application, and its process
    graph, listing, lines, ...    what a page shows, from AWS's answers: functions without a browser
    pages/        a module for each page
"""
