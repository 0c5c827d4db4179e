"""TestState: one state is run by itself, with a real call or with a mock.

Source: AWS Step Functions API Reference, "TestState"; the rules that it does not give are those of AWS's answers.
"""
