"""The one port: sockets beside pages."""

import pytest
from asgiref.testing import ApplicationCommunicator

from helpdesk.asgi import application


@pytest.mark.parametrize("path", ["/ws/nothing/", "/ws/inbox", "/"])
async def test_a_socket_that_there_is_not_is_refused_without_an_error(path):
    socket = ApplicationCommunicator(application, {"type": "websocket", "path": path, "headers": []})
    await socket.send_input({"type": "websocket.connect"})
    assert (await socket.receive_output())["type"] == "websocket.close"
    await socket.wait()  # raises what the application raised
