"""What stories say: names, and sentences in four wordings. The last wording of each is held out of training.

A sentence has slots: {A} and {B} people, {n} a number, {things} what is counted, and words of the family.
"""

from __future__ import annotations

NAMES = [
    "Ann",
    "Ben",
    "Cara",
    "Dan",
    "Eve",
    "Finn",
    "Gina",
    "Hugo",
    "Ida",
    "Jack",
    "Kim",
    "Leo",
    "Mia",
    "Noah",
    "Olga",
    "Paul",
    "Rosa",
    "Sam",
    "Tina",
    "Uri",
    "Vera",
    "Will",
    "Zoe",
    "Amir",
    "Bella",
    "Carl",
    "Dora",
    "Emil",
    "Fay",
    "Gus",
]
WORDINGS = 4
HELD_WORDING = WORDINGS - 1

# Sentences that say nothing to the purpose; they may stand anywhere but last.
DISTRACTORS = (
    "{B} is {n} years old.",
    "It is {n} degrees outside.",
    "The way home takes {n} minutes.",
    "{B} lives at number {n}.",
    "The clock on the wall is {n} years old.",
    "There are {n} chairs in the room.",
)
# What every story may begin with, whatever its expert.
LEADS = ("On Monday ", "This week ", "One morning ", "Last summer ")

ENTITY = {
    "start": (
        "{A} has {n} {things}.",
        "{A} starts with {n} {things}.",
        "{A} owns {n} {things} at first.",
        "{A} keeps {n} {things} to begin with.",
    ),
    "consume": (
        "{A} {lose} {n} of them.",
        "Then {A} {lose} {n} {things}.",
        "After that {A} {lose} another {n}.",
        "Later on {n} {things} are gone, for {A} {lose} them.",
    ),
    "gain": (
        "{A} {gain} {n} more.",
        "Then {A} {gain} {n} {things}.",
        "After that {A} {gain} another {n} {things}.",
        "Later on {n} {things} are added, for {A} {gain} them.",
    ),
    "give": (
        "{A} {give} {n} {things} to {B}.",
        "Then {B} gets {n} {things} from {A}.",
        "After that {A} {give} {n} of them to {B}.",
        "Later on {n} {things} pass from {A} to {B}.",
    ),
    "ask": (
        "How many {things} does {A} have now?",
        "How many {things} are left with {A}?",
        "What number of {things} does {A} have in the end?",
        "Say how many {things} belong to {A} when all is done.",
    ),
}

ARITHMETIC = {
    "plain": (
        "{A} counts {n} {things} in {place}.",
        "{A} sees that {place} holds {n} {things}.",
        "{A} has a look at {place} with {n} {things}.",
        "{A} works in {place} where {n} {things} are.",
    ),
    "groups": (
        "{A} counts {n} {groups} of {m} {things} in {place}.",
        "{A} sees {n} {groups} with {m} {things} each in {place}.",
        "{A} fills {n} {groups} in {place} and puts {m} {things} in each.",
        "{A} works in {place} where each of {n} {groups} holds {m} {things}.",
    ),
    "sum": (
        "{A} counts {n} old and {m} new {things} in {place}.",
        "{A} sees {n} {things} in {place} and {m} in front of it.",
        "{A} finds {n} {things} in {place} and then {m} more.",
        "{A} works in {place} where {n} large and {m} small {things} are.",
    ),
    "add": (
        "{n} more {things} {come}.",
        "Then another {n} {things} {come}.",
        "After that {n} {things} {come} as well.",
        "Later on the number grows by {n}.",
    ),
    "sub": (
        "{n} of the {things} {go}.",
        "Then {n} {things} {go}.",
        "After that another {n} {things} {go}.",
        "Later on the number falls by {n}.",
    ),
    "mul": (
        "The number becomes {n} times as large.",
        "Then there are {n} times as many {things}.",
        "After that the {things} become {n} times as many.",
        "Later on the number is multiplied by {n}.",
    ),
    "div": (
        "The {things} are shared by {n} {sharers}, and only one share counts.",
        "Then {n} {sharers} share the {things} evenly, and only one share counts.",
        "After that one share counts when {n} {sharers} share them evenly.",
        "Later on the number is divided by {n}.",
    ),
    "ask": (
        "How many {things} is that?",
        "How many {things} are there now?",
        "What number of {things} does that make in the end?",
        "Say how many {things} there are when all is done.",
    ),
}

RATE = {
    "leg": (
        "{A} {work} for {m} {units} at {n} {things} per {unit}.",
        "{A} {work} {n} {things} per {unit} for {m} {units}.",
        "{A} {work} and makes {n} {things} a {unit} for {m} {units}.",
        "{A} {work} {m} {units} long, and every {unit} brings {n} {things}.",
    ),
    "more": (
        "Then it goes on for {m} {units} at {n} {things} per {unit}.",
        "After that come {m} {units} at {n} {things} per {unit}.",
        "Then {A} goes on at {n} {things} a {unit} for {m} {units}.",
        "Later on {m} {units} follow, and every {unit} brings {n} {things}.",
    ),
    "add": (
        "{n} {things} come on top.",
        "Then another {n} {things} are added.",
        "After that there are {n} {things} more.",
        "Later on the total grows by {n} {things}.",
    ),
    "sub": (
        "{n} {things} do not count.",
        "Then {n} {things} are taken off.",
        "After that there are {n} {things} less.",
        "Later on the total falls by {n} {things}.",
    ),
    "div": (
        "The total is spread evenly over {n} {shares}, and only one of them counts.",
        "Then the total is split evenly over {n} {shares}, and only one counts.",
        "After that only one of {n} even {shares} counts.",
        "Later on the total is divided by {n} for one of the {shares}.",
    ),
    "ask": (
        "How many {things} is that in all?",
        "How many {things} are there in total?",
        "What total of {things} does that make?",
        "Say how many {things} it comes to when all is done.",
    ),
}

COMPARISON = {
    "start": (
        "{A} has {n} {things}.",
        "{A} {hold} {n} {things}.",
        "{A} has got {n} {things} so far.",
        "{A} can show {n} {things}.",
    ),
    "add": (
        "{B} has {n} more {things} than {A}.",
        "{B} {hold} {n} {things} more than {A}.",
        "Compared with {A}, {B} has {n} {things} more.",
        "If {A} had {n} {things} more, {B} would have as many.",
    ),
    "sub": (
        "{B} has {n} fewer {things} than {A}.",
        "{B} {hold} {n} {things} fewer than {A}.",
        "Compared with {A}, {B} has {n} {things} fewer.",
        "If {A} had {n} {things} fewer, {B} would have as many.",
    ),
    "mul": (
        "{B} has {n} times as many {things} as {A}.",
        "{B} {hold} {n} times the {things} of {A}.",
        "Compared with {A}, {B} has {n} times as many {things}.",
        "If {A} had {n} times as many {things}, {B} would have as many.",
    ),
    "twice": (
        "{B} has twice as many {things} as {A}.",
        "{B} {hold} double the {things} of {A}.",
        "Compared with {A}, {B} has twice as many {things}.",
        "If {A} had twice as many {things}, {B} would have as many.",
    ),
    "half": (
        "{B} has half as many {things} as {A}.",
        "{B} {hold} half the {things} of {A}.",
        "Compared with {A}, {B} has half as many {things}.",
        "If {A} had half as many {things}, {B} would have as many.",
    ),
    "other": (
        "{B} has {n} {things}.",
        "{B} {hold} {n} {things}.",
        "Compared with that, {B} has {n} {things}.",
        "{B} can show {n} {things}.",
    ),
    "difference": (
        "How many more {things} does {B} have than {A}?",
        "How many {things} more than {A} does {B} have?",
        "By how many {things} is {B} ahead of {A}?",
        "Say by how many {things} {A} is behind {B}.",
    ),
    "together": (
        "How many {things} do {A} and {B} have together?",
        "How many {things} are there with {A} and {B} in all?",
        "What number of {things} do {A} and {B} have between them?",
        "Say how many {things} {A} and {B} hold as a pair.",
    ),
}

PERCENTAGE = {
    "start": (
        "{A} {see} {what} of {n} {things}.",
        "{A} starts with {what} of {n} {things}.",
        "{A} writes down {what}: {n} {things}.",
        "{A} begins with {n} {things} as {what}.",
    ),
    "off": (
        "It falls by {n}%.",
        "Then {n}% are taken off.",
        "After that it goes down by {n} percent.",
        "Later on it is reduced by {n}%.",
    ),
    "increase": (
        "It rises by {n}%.",
        "Then {n}% are added.",
        "After that it goes up by {n} percent.",
        "Later on it is raised by {n}%.",
    ),
    "of": (
        "Only {n}% of it {count}.",
        "Then only {n}% of that {count}.",
        "After that {n} percent of it {count}.",
        "Later on {n}% is what {count}.",
    ),
    "add": (
        "{n} {things} come on top.",
        "Then another {n} {things} are added.",
        "After that there are {n} {things} more.",
        "Later on it grows by {n} {things}.",
    ),
    "sub": (
        "{n} {things} do not count.",
        "Then {n} {things} are taken off.",
        "After that there are {n} {things} less.",
        "Later on it falls by {n} {things}.",
    ),
    "ask": (
        "How many {things} is that?",
        "How many {things} is it now?",
        "What number of {things} does that make in the end?",
        "Say how many {things} it is when all is done.",
    ),
}
