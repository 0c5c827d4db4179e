"""The record of decisions begins when it is asked for, and has the names of the steps."""

from localcloud.iam.evaluation import Decision, Policies, Principal, Request
from localcloud.iam.record import JUDGED, Record, begin_step, read

ANN = Principal("arn:aws:iam::123456789012:user/ann", "123456789012", "user")


def test_what_is_decided_after_a_step_has_begun_is_recorded_with_its_name(tmp_path):
    record = Record(tmp_path)

    def decide(action):
        record.add(Request(ANN, action), Policies(), Decision(False, "because"))

    decide("s3:ListAllMyBuckets")
    assert not (tmp_path / JUDGED).exists()
    begin_step(tmp_path, "train")
    decide("sagemaker:CreateTrainingJob")
    begin_step(tmp_path, "apply")
    decide("lambda:CreateFunction")
    assert [(judged.step, judged.request.action) for judged in read(tmp_path)] == [
        ("train", "sagemaker:CreateTrainingJob"),
        ("apply", "lambda:CreateFunction"),
    ]
