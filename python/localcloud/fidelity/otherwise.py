"""What the local cloud judges or times otherwise than AWS, of what it carries out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Otherwise:
    """Something that the local cloud judges or times otherwise than AWS, of operations that it carries out.

    Attributes:
        what: What it is about.
        here: What the local cloud does.
        reason: Why it does not do as AWS does.
        hides: The faults that therefore show only on AWS.
        slow: Whether it is as on AWS with ``SCONES_LOCAL_LATENCY=aws`` (:mod:`localcloud.latency`).
    """

    what: str
    here: str
    reason: str
    hides: str
    slow: bool = False


OTHERWISE: tuple[Otherwise, ...] = (
    Otherwise(
        "when metrics are seen",
        "at once; on AWS one to three minutes later",
        "tests and the demo would wait for minutes",
        "an alarm or a rollback that counts on fresh metrics, a wait that is too short",
        slow=True,
    ),
    Otherwise(
        "when a change of IAM counts",
        "at once; on AWS seconds later, seldom minutes",
        "every apply would take longer",
        "a role that is used right after it was made, a missing retry or dependency",
        slow=True,
    ),
    Otherwise(
        "how many calls there may be",
        "as many as the machine can do; AWS throttles the calls of each operation",
        "tests make more calls a second than people do",
        "too few retries, too many calls at once, a loop that polls too fast",
        slow=True,
    ),
    Otherwise(
        "how long an endpoint is Creating, Updating and Deleting, and a training job Starting",
        "as long as its processes take, often less than a second; minutes on AWS",
        "nothing starts that takes minutes",
        "a state that a client does not expect, a timeout that is too short, a request during an update",
        slow=True,
    ),
    Otherwise(
        "when a role can be named in the policy of a bucket, a key, a queue or a topic",
        "always, also before there is such a role; AWS refuses a principal that it does not see yet",
        "the policies are judged by the ARNs in them",
        "`MalformedPolicy` of a first apply, a role that was made again and that the policy means no more",
    ),
    Otherwise(
        "which permissions a call needs",
        "those of the permission tables, which are held against AWS's service authorization reference",
        "AWS publishes no table of what each call really checks",
        "a permission that AWS asks for and does not list there",
    ),
    Otherwise(
        "who is the root user",
        "whoever has the local cloud's own key; no policy is asked, except a bucket's that denies",
        "the first roles must be made by somebody",
        "a missing permission of whoever applies; the pipeline's roles are judged (`invoke iam.prove`)",
    ),
    Otherwise(
        "organizations, service control policies and access points",
        "there are none, and the condition keys about them have no value",
        "a local cloud is one account",
        "a denial that comes from outside of the account",
    ),
    Otherwise(
        "quotas of an account",
        "the instances of training jobs, which `invoke local.quota 0` sets as in a new account, and those that "
        "operations check themselves, such as the size of a policy",
        "they belong to an account, and a new account has others",
        "a quota of an endpoint's instances, the number of functions at once",
    ),
    Otherwise(
        "where the periods of an alarm begin",
        "they end now; on AWS they begin at whole minutes",
        "an alarm of a minute need not wait for up to two",
        "an alarm that goes off a period later, and one period that has only a part of the data",
    ),
    Otherwise(
        "what an instance can do",
        "every instance type is this machine; the count of instances is only a number",
        "there is one machine",
        "a model that is too large for its instance, a lack of capacity, answers that are slower",
    ),
    Otherwise(
        "the network of functions, jobs and endpoints",
        "subnets, security groups and endpoints must exist; no packet is blocked",
        "the processes share this machine's network",
        "a missing VPC endpoint, route or rule of a security group",
    ),
    Otherwise(
        "when captured requests are in S3",
        "after about a second; minutes on AWS",
        "the demo reads them",
        "a report that is made too early",
    ),
    Otherwise(
        "how a function is made ready",
        "it is Active when CreateFunction answers; on AWS it is Pending for seconds, in a network for longer",
        "the package is on this machine",
        "a change of a function that is still being made: `ResourceConflictException`",
    ),
    Otherwise(
        "what lists show right after a change",
        "the change; on AWS some lists, such as those of IAM and of the Tagging API, show it later",
        "there is one copy of everything",
        "a list that is read once and trusted",
    ),
)
