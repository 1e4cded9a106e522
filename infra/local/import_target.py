"""Finds the address of `POST /dossiers` and its key for `make import`: from the environment, or from a stack.

As a program it reads them from the stack that its environment names, with the Python of SAM, which has boto3.
"""

import json
import os
import subprocess
import sys


def find(local):
    """ONESTOP_URL and ONESTOP_SECRET: from the environment, else from the stack STACK on AWS, else from the local stack.
    A stack on AWS is never the default, so that a test on a local stack cannot load a list into a province's."""
    from console import Failed  # not available in the program below
    from tools import LOCAL, install

    given = {name: os.environ.get(name, "") for name in ("ONESTOP_URL", "ONESTOP_SECRET")}
    if all(given.values()):
        return given
    if os.environ.get("STACK"):
        env = {**os.environ, "AWS_DEFAULT_REGION": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "ap-southeast-1"}
    elif local.is_up():
        env = {**local.env(), "STACK": local.env()["ONESTOP_STACK"]}
    else:
        raise Failed("no target for the import: use the local stack (make run), a stack on AWS (STACK=onestop and AWS credentials), "
                     "or any other (ONESTOP_URL and ONESTOP_SECRET in the environment)")
    install()
    asked = subprocess.run([str(LOCAL / "tools" / "sam" / "bin" / "python"), __file__], env=env, capture_output=True, text=True, check=False)
    if asked.returncode:
        raise Failed(f"stack {env['STACK']} does not return the address of its API: {asked.stderr.strip().splitlines()[-1]}")
    return json.loads(asked.stdout)


def main():
    import boto3

    described = boto3.client("cloudformation").describe_stacks(StackName=os.environ["STACK"])["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=outputs["IntakeSecret"])["SecretString"]
    url, endpoint = outputs["ApiUrl"], os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:  # the local AWS serves https://<id>.execute-api…/<stage> under its own address
        url = f"{endpoint}/_aws/execute-api/{url.split('//')[1].split('.')[0]}/{url.rsplit('/', 1)[1]}"
    json.dump({"ONESTOP_URL": url, "ONESTOP_SECRET": json.loads(secret)["current"]}, sys.stdout)


if __name__ == "__main__":
    main()
