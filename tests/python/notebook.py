"""Runs a notebook from its first cell to its last, in the folder where it stands; any error in it is one here.

usage: notebook.py NFLX NOTEBOOK [--write]     (--write keeps what the cells gave)
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

nflx, path = sys.argv[1], Path(sys.argv[2])
os.environ["NFLX"] = nflx
notebook = nbformat.read(path, as_version=4)
NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
assert outputs and not any(output.output_type == "error" for output in outputs)
for output in outputs:
    print(output.get("text") or output.data["text/plain"])
if "--write" in sys.argv:
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    nbformat.write(notebook, path)
