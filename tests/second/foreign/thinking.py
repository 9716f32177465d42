"""Somebody else's client of the Model Context Protocol talks to `grounds mcp`.

    python thinking.py GROUNDS LEDGER

The client is the Python SDK (PyPI: mcp). It takes the handshake, the list of tools with their
schemas, and every answer; it holds structured content to the schema that the tool gave for it.
"""

import asyncio
import json
import os
import sys
import tempfile

from mcp import ClientSession, MCPError, StdioServerParameters, stdio_client

CLAIM = "claim/individual-neurons-rarely-encode-single-concepts"
READING = ["search", "show", "why", "log", "diff", "verify", "prepare"]


def expect(holds, what):
    if not holds:
        raise SystemExit(f"thinking.py: {what}")


async def told(session, tool, **arguments):
    result = await session.call_tool(tool, arguments)
    expect(not result.is_error, f"{tool} {arguments}: {result.content}")
    content = result.structured_content
    expect(content["untrusted"] is True and "not instructions" in content["notice"], f"{tool}: no mark")
    ours, theirs = (block.text for block in result.content)
    expect(ours.startswith(content["notice"]), f"{tool}: the text does not begin with the notice")
    inside = theirs.removeprefix('<ledger untrusted="true">\n').removesuffix("\n</ledger>")
    expect(json.loads(inside) == content["ledger"], f"{tool}: text and structured content differ")
    return content


async def talk(session):
    hello = await session.initialize()
    expect(hello.server_info.name == "grounds", f"this is {hello.server_info}")
    tools = {tool.name: tool for tool in (await session.list_tools()).tools}
    expect(list(tools) == READING, f"the tools are {list(tools)}")
    expect(all(tool.annotations.read_only_hint for tool in tools.values()), "not all only read")

    found = await told(session, "search", query="neurons")
    expect(found["ledger"]["claims"][0]["figures"]["supp"] == 596213, f"found {found}")
    shown = await told(session, "show", subject=CLAIM)
    expect(shown["ledger"]["profile"]["figures"]["supp"] == 596213, "another support is shown")
    before = await told(session, "show", subject=CLAIM, as_of="@9")
    expect(before["head"]["entries"] == 10, f"as of @9: {before['head']}")
    await told(session, "why", claim=CLAIM, figure="contestation")
    await told(session, "diff", claim=CLAIM, **{"from": "@9"})
    log = await told(session, "log", subject=CLAIM, limit=2)
    expect(len(log["ledger"]["events"]) == 2 and log["ledger"]["next"], f"the log is {log}")
    verified = await told(session, "verify")
    expect(verified["verified"]["verdict"] == "holds", f"verified: {verified}")
    author = shown["ledger"]["attestations"][0]["agent"]
    note = {"subject": CLAIM, "type": "note.added", "data": {"text": "Read it twice."}}
    prepared = await told(session, "prepare", author=author, events=[note])
    expect("Read it twice." in prepared["prepared"]["commit"]["text"], "prepared something else")

    wrong = await session.call_tool("show", {"subject": "claim/none"})
    expect(wrong.is_error and wrong.structured_content["error"]["code"] == "not_found", f"{wrong}")
    try:
        await session.call_tool("sign", {})
        raise SystemExit("thinking.py: the tool sign is there")
    except MCPError as error:
        expect(error.error.code == -32602, f"{error}")

    listed = (await session.list_resources()).resources
    expect([str(one.uri) for one in listed] == [f"grounds://{CLAIM}"], f"resources: {listed}")
    page = (await session.read_resource(listed[0].uri)).contents[0]
    expect(json.loads(page.text) == shown, "the resource is not what show shows")


async def main(grounds, ledger):
    with tempfile.TemporaryDirectory() as home:
        own = {"GROUNDS_CONFIG": home, "GROUNDS_CACHE": home, "PATH": os.environ["PATH"]}
        words = ["mcp", "--read-only", "--ledger", os.path.abspath(ledger)]
        server = StdioServerParameters(command=os.path.abspath(grounds), args=words, env=own)
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            await asyncio.wait_for(talk(session), 60)
    print("the Python SDK talked to grounds mcp: 7 tools, resources, refusals")


asyncio.run(main(*sys.argv[1:]))
