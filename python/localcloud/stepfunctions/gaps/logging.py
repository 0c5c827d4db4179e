"""Executions write their history to the log group of the state machine's logging configuration.

moto: ``stepfunctions/parser/models.py`` starts executions without a logging session. The session in
``stepfunctions/parser/asl/eval/event/logging.py`` writes events in a form that moto's own log groups refuse.

AWS: each event is a JSON object (id, type, details, previous_event_id, event_timestamp in milliseconds, execution_arn).
The level ALL, ERROR, FATAL or OFF filters the events. Only includeExecutionData adds input and output (Step Functions
Developer Guide, Using CloudWatch Logs to log execution history).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.asl.eval.event.logging import CloudWatchLoggingConfiguration, CloudWatchLoggingSession
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import Execution


def apply() -> None:
    """Replace moto's functions."""
    make = Execution.__init__

    def __init__(self: Execution, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        machine = self.state_machine
        given = {"includeExecutionData": False} | machine.loggingConfiguration
        configuration = CloudWatchLoggingConfiguration.from_logging_configuration(machine.arn, given)
        if configuration:
            stream = f"states/{machine.name}/{self.start_date:%Y-%m-%d-%H-%M}/{self.name[:8]}"
            configuration.log_stream_name = stream
            self._cloud_watch_logging_session = CloudWatchLoggingSession(self.exec_arn, configuration)

    def publish_history_log(self: CloudWatchLoggingSession, history_log: dict[str, Any]) -> None:
        timestamp = int(datetime.fromisoformat(str(history_log["event_timestamp"])).timestamp() * 1000)
        message = to_json_str({**history_log, "event_timestamp": str(timestamp)}, separators=(",", ":"))
        group = self._logs_client.groups.get(self.configuration.log_group_name)
        if group is None:
            return  # as on AWS, an execution continues without its log group
        if self.configuration.log_stream_name not in group.streams:
            group.create_log_stream(self.configuration.log_stream_name)
        event = {"timestamp": timestamp, "message": message}
        self._logs_client.put_log_events(group.name, self.configuration.log_stream_name, [event])

    Execution.__init__ = __init__
    CloudWatchLoggingSession.publish_history_log = publish_history_log
