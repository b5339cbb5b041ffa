"""Where a test can run: `local_only(reason)` not against a deployed stage, `remote_only(reason)` only there."""

import pytest

local_only = pytest.mark.local_only
remote_only = pytest.mark.remote_only
