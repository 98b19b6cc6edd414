"""The drawing app: draw a digit and watch every reading of it, live.

    settings  what the app shows            fitted    what is computed once and kept
    wire      the messages, byte by byte    reader    the jitted answers to drawings
    crowd     many clients, one call        portrait  identikits, generation by generation
    guard     who may ask, and how often    server    Starlette: pages, sockets, start and end
    uploads   pictures from outside         photo     the ink of a picture of a digit on paper
    visitor   one open socket               serving   the app until a signal ends it
    latency   how long answers take
    page/     ES modules, no build step

It only looks: networks come from `training/`, readings from `identikits/`, `attribution/` and `embedding/`. Drawings
are centred and scaled like MNIST in the browser, by `page/prepare.js`.
"""
