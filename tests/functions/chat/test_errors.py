import pytest
from chat.errors import TEXTS, Code, FrameRefused, NameRefused, NotAMember, ParleyError, Unavailable


def test_every_code_has_its_text_and_no_other_has_one() -> None:
    assert set(TEXTS) == set(Code)
    assert all(TEXTS.values())


@pytest.mark.parametrize(
    "error",
    [
        NameRefused(Code.ROOM_TOO_LONG),
        FrameRefused(Code.ID_INVALID, id="7"),
        NotAMember(),
        Unavailable(),
    ],
)
def test_every_error_is_of_the_one_tree_and_says_what_a_client_may_see(error: ParleyError) -> None:
    assert isinstance(error, ParleyError)
    assert error.content == TEXTS[error.code]
    assert str(error) == error.code.value


def test_an_error_carries_the_id_of_the_frame_that_it_answers() -> None:
    assert FrameRefused(Code.CONTENT_INVALID, id="7").id == "7"
    assert NotAMember().id is None
