"""Chat templates give what transformers makes of them; a base model gets its first token and no template."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoTokenizer

from trap.files import InputError
from trap.models.chat import TODAY, as_chat, as_text, beginning
from trap.models.encoding import encode, read_tokenizer
from trap.workflow.config import Chat

CHATML = (
    "{% for m in messages %}{% if loop.first and m['role'] != 'system' %}"
    "{{ '<|im_start|>system\nBe short.<|im_end|>\n' }}{% endif %}"
    "{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
NESTED = """{%- set today = strftime_now("%d %B %Y") -%}
{%- if messages[0].role == "system" %}
    {%- set first = messages[0].content %}
{%- else %}
    {%- set first = "None." %}
{%- endif %}
{{ bos_token }}[{{ today }}] {{ first | tojson }}
{% for message in messages %}
    {%- if message.role == "system" %}{% continue %}{% endif %}
    {%- generation %}
<{{ message.role }}> {{ message.content }}{{ eos_token }}
    {%- endgeneration %}
{%- endfor %}
{%- if add_generation_prompt %}{{ "<assistant>" if thinking is not defined or thinking else "<answer>" }}{% endif %}
"""
QUESTIONS = ["Why is the sky blue?", '  two\nlines, "quotes" & <tags> {{ 1 }} ', ""]


def model_folder(folder: Path, template: str | None, *, begin: bool = False, as_file: bool = False) -> Path:
    """A folder with a byte-level BPE tokenizer and, in one of its two places, a chat template."""
    folder.mkdir()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<s>", "<|im_start|>", "<|im_end|>"])
    if begin:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
        )
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>",
        "eos_token": {"__type": "AddedToken", "content": "<|im_end|>"},
    }  # fmt: skip
    if template is not None and as_file:
        (folder / "chat_template.jinja").write_text(template)
    elif template is not None:
        settings["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


@pytest.mark.parametrize("as_file", [False, True])
@pytest.mark.parametrize("chat", [Chat(), Chat(system="Be exact."), Chat(variables={"thinking": False})])
@pytest.mark.parametrize("template", [CHATML, NESTED])
def test_the_text_is_transformers_s(template: str, chat: Chat, as_file: bool, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", template, as_file=as_file)
    peer, asked = AutoTokenizer.from_pretrained(folder), as_chat(folder, chat)
    for question in QUESTIONS:
        messages = [{"role": "user", "content": question}]
        if chat.system is not None:
            messages.insert(0, {"role": "system", "content": chat.system})
        expected = peer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, **chat.variables
        )
        expected = re.sub(r"^<s>\[.*?\]", f"<s>[{TODAY:%d %B %Y}]", expected)  # there it is today
        assert asked(question) == expected
        assert question in expected


def test_special_tokens_of_a_template_are_single_tokens(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", CHATML)
    ids = encode(read_tokenizer(folder), [as_chat(folder, Chat())("a")])[0]
    peer = AutoTokenizer.from_pretrained(folder)
    expected = peer.apply_chat_template([{"role": "user", "content": "a"}], add_generation_prompt=True)
    assert ids == list(expected["input_ids"] if hasattr(expected, "keys") else expected)
    assert ids.count(peer.convert_tokens_to_ids("<|im_start|>")) == 3


def test_the_date_is_fixed(tmp_path: Path) -> None:
    asked = as_chat(model_folder(tmp_path / "model", NESTED), Chat())
    assert asked("x").startswith("<s>[01 January 2026]")


def test_a_base_model_gets_what_its_tokenizer_begins_with(tmp_path: Path) -> None:
    with_start = model_folder(tmp_path / "with", None, begin=True)
    without = model_folder(tmp_path / "without", None)
    assert beginning(with_start) == "<s>" and beginning(without) == ""
    for folder in (with_start, without):
        ids = encode(read_tokenizer(folder), [as_text(folder)("where?")])[0]
        assert ids == AutoTokenizer.from_pretrained(folder)("where?").input_ids


def test_a_template_can_neither_reach_out_nor_fail_in_many_lines(tmp_path: Path) -> None:
    for number, (template, message) in enumerate(
        {
            "{{ messages.__class__.__mro__ }}": "SecurityError",
            "{{ messages.append(1) }}": "SecurityError",
            "{{ raise_exception('users first') }}": "users first",
            "{{ messages[7].content }}": "UndefinedError",
        }.items()
    ):
        asked = as_chat(model_folder(tmp_path / str(number), template), Chat())
        with pytest.raises(InputError, match=message) as raised:
            asked("x")
        assert "\n" not in str(raised.value)
    with pytest.raises(InputError, match=r"chat_template: line 1: "):
        as_chat(model_folder(tmp_path / "broken", "{% for %}"), Chat())
    with pytest.raises(InputError, match=r"chat_template: missing; a base model is asked without"):
        as_chat(model_folder(tmp_path / "none", None), Chat())
    several = model_folder(tmp_path / "several", None)
    settings = json.loads((several / "tokenizer_config.json").read_text())
    settings["chat_template"] = [
        {"name": "tool_use", "template": "no"},
        {"name": "default", "template": "yes"},
    ]
    (several / "tokenizer_config.json").write_text(json.dumps(settings))
    assert as_chat(several, Chat())("x") == "yes"
