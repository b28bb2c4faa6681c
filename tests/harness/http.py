"""One HTTP GET without any library's help with codings: the tests look at the bytes."""

import collections
import http.client
import json

from harness.settings import TIME_SCALE

Answer = collections.namedtuple("Answer", "code headers body")


def get(port, path, headers=None, seconds=10.0):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds * TIME_SCALE)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    except http.client.HTTPException as error:
        raise OSError(f"GET {path}: {type(error).__name__} {error}") from error
    finally:
        connection.close()


def get_json(port, path):
    answer = get(port, path)
    assert answer.code == 200, f"GET {path}: {answer.code} {answer.body[:200]!r}"
    return json.loads(answer.body)
