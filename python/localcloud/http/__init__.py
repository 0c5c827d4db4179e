"""The local cloud's HTTP server: requests are read, the WSGI application answers, and connections are kept.

AWS's SDKs keep a connection and send one request after the other on it. A server that closes it after each answer, as
the development servers of WSGI do, spends more on connections and threads than on most requests.
"""
