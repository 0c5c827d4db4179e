import json, uuid, time
from pathlib import Path
from scones import definition, packaging, workflow
ROOT = Path(__file__).resolve().parents[3]

def test_whole(cloud, bucket, trained, wait_for, images):
    sm=cloud.client("sagemaker"); role="arn:aws:iam::123456789012:role/x"
    n="h6"
    sm.create_model(ModelName=n, ExecutionRoleArn=role, PrimaryContainer={"Image":"811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1","ModelDataUrl":trained["ModelArtifacts"]["S3ModelArtifacts"]})
    sm.create_endpoint_config(EndpointConfigName=n, ProductionVariants=[{"VariantName":"AllTraffic","ModelName":n,"InstanceType":"ml.m5.large","InitialInstanceCount":1}], DataCaptureConfig={"EnableCapture":True,"InitialSamplingPercentage":100,"DestinationS3Uri":f"s3://{bucket}/captures","CaptureOptions":[{"CaptureMode":"Input"},{"CaptureMode":"Output"}],"CaptureContentTypeHeader":{"JsonContentTypes":["application/json"]}})
    sm.create_endpoint(EndpointName=n, EndpointConfigName=n)
    for _ in range(200):
        st=sm.describe_endpoint(EndpointName=n)["EndpointStatus"]
        if st!="Creating": break
        time.sleep(.2)
    assert st=="InService"
    arns={}
    for f,e in {"serialize_image_data":{}, "classify_image":{"ENDPOINT_NAME":n,"CLASS_LABELS":'["a","b"]',"MODEL_PACKAGE":"arn:aws:sagemaker:us-east-1:1:model-package/g/7"},"filter_low_confidence":{"CONFIDENCE_THRESHOLD":"0.5"}}.items():
        arns[f+"_arn"]=cloud.client("lambda").create_function(FunctionName="h6-"+f,Runtime="python3.13",Role=role,Handler="handler.handler",Code={"ZipFile":packaging.build(ROOT/"lambdas"/f)},Timeout=30,Environment={"Variables":e})["FunctionArn"]
    d=definition.render((ROOT/"asl/classify_image.asl.json").read_text(),arns)
    sfn=cloud.client("stepfunctions")
    m=sfn.create_state_machine(name=n,definition=d,roleArn=role)["stateMachineArn"]
    s3=cloud.client("s3")
    s3.put_object(Bucket=bucket,Key="images/é +%20.png",Body=images(0,1))
    # a valid-looking PNG the model cannot decode
    import struct,zlib
    ch=lambda k,b: struct.pack(">I",len(b))+k+b+struct.pack(">I",zlib.crc32(k+b))
    s3.put_object(Bucket=bucket,Key="images/liar.png",Body=b"\x89PNG\r\n\x1a\n"+ch(b"IHDR",struct.pack(">IIBBBBB",8,8,8,2,0,0,0))+ch(b"IDAT",b"junk")+ch(b"IEND",b""))
    import io
    from PIL import Image
    b=io.BytesIO(); Image.effect_noise((900,900),60).save(b,"PNG"); s3.put_object(Bucket=bucket,Key="images/big.png",Body=b.getvalue())
    for k,t in (("images/é +%20.png",None),("images/é +%20.png",1),("images/liar.png",None),("images/big.png",0.0)):
        ex=workflow.start(sfn,m,f"s3://{bucket}/{k}",t)
        o=workflow.follow(sfn,ex.arn); print(k,t,workflow.explain(o),json.dumps(o.output,ensure_ascii=False),[(s.name,s.seconds,s.attempts) for s in o.states])
    time.sleep(3)
    for c in s3.list_objects_v2(Bucket=bucket,Prefix="captures").get("Contents",[]):
        for l in s3.get_object(Bucket=bucket,Key=c["Key"])["Body"].read().splitlines(): print(json.loads(l)["eventMetadata"])
