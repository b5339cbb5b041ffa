"""What is measured. The functions' modules are importable here as they are in Lambda."""

import sys

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "functions"))
