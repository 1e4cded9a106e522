"""Adds the parts of a SAM API that the local AWS leaves out: its resource policy (which addresses may call), API Gateway's own answers, and the
routes for any method.

They come from the deployed template, and take effect with a deployment of the API, as on AWS.
"""

import json


def complete(stack):
    """Completes the deployed API as template.yaml defines it."""
    for kind, answer in api_of(stack)["x-amazon-apigateway-gateway-responses"].items():
        stack.rest("PUT", f"/restapis/{api_id(stack)}/gatewayresponses/{kind}", answer)
    allow(stack)
    route_any_method(stack)
    stack.rest("POST", f"/restapis/{api_id(stack)}/deployments", {"stageName": "v1"})


def allow(stack, **lists):
    """Sets the resource policy, optionally with other address lists: `allow(stack, PushAddresses="203.0.113.0/24")`."""
    policy = api_of(stack, **lists)["x-amazon-apigateway-policy"]
    change = {"op": "replace", "path": "/policy", "value": json.dumps(policy)}
    stack.rest("PATCH", f"/restapis/{api_id(stack)}", {"patchOperations": [change]})


def route_any_method(stack):
    """The desk's paths take every method, so that a stranger gets the log-in page for each."""
    if "DeskFunction" not in stack.outputs():
        return
    region, api = stack.env()["AWS_REGION"], f"/restapis/{api_id(stack)}/resources"
    function = f"arn:aws:lambda:{region}:000000000000:function:{stack.outputs()['DeskFunction']}"
    uri = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"
    listed = json.loads(stack.get(f"{api}?limit=500", "apigateway"))["item"]
    for resource in (each for each in listed if each["path"] in ("/desk", "/desk/{path+}")):
        method = f"{api}/{resource['id']}/methods/ANY"
        if "ANY" not in resource.get("resourceMethods", {}):
            stack.rest("PUT", method, {"authorizationType": "NONE"})
            stack.rest("PUT", f"{method}/integration", {"type": "AWS_PROXY", "httpMethod": "POST", "uri": uri})


def api_of(stack, **parameters):
    """The API's definition as SAM generated it, with its address lists split."""
    api = stack.template()["Resources"]["Api"]["Properties"]["Body"]
    addresses = zip(api["x-amazon-apigateway-policy"]["Statement"], ("PushAddresses", "GatewayAddresses", "DeskAddresses"))
    for statement, parameter in addresses:
        separator, deployed = statement["Condition"]["IpAddress"]["aws:SourceIp"]["Fn::Split"]
        statement["Condition"]["IpAddress"]["aws:SourceIp"] = parameters.get(parameter, deployed).split(separator)
    return api


def api_id(stack):
    return stack.outputs()["ApiUrl"].removeprefix("https://").split(".")[0]
