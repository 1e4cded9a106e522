"""Validates exchanges (service, operation, parameters, answer) from standard input with botocore's models. Runs with the Python of SAM."""

import json
import sys

from botocore import xform_name
from botocore.session import get_session
from botocore.validate import ParamValidator


def main():
    session, validator, exchanges, wrong = get_session(), ParamValidator(), json.load(sys.stdin), 0
    for service, operation, parameters, answer in exchanges:
        model = session.get_service_model(service)
        name = next(name for name in model.operation_names if xform_name(name) == operation)
        for what, value, shape in [("parameters", parameters, model.operation_model(name).input_shape), ("answer", answer, model.operation_model(name).output_shape)]:
            report = validator.validate(value, shape).generate_report() if shape else ""
            if report:
                wrong += 1
                print(f"{service} {name}, {what}: {report}")
    print(f"{len(exchanges)} exchanges")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
