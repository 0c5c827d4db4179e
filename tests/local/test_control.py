def test_x(cloud):
    assert cloud.client("sts").get_caller_identity()["Account"] == "123456789012"
