"""The drawing app: draw a digit and watch every reading of it, live.

    settings  what the app shows            fitted    what is computed once and kept
    wire      the messages, byte by byte    reader    the jitted answers to drawings
    crowd     many clients, one call        portrait  identikits, generation by generation
    guard     who may ask, and how often    server    Starlette: what is shared, start and end
    routes    what is answered over HTTP    visitor   one open socket
    serving   the app until a signal ends   latency   how long answers take
    uploads   pictures from outside         photo     the ink of a picture of a digit on paper
    own       networks from outside         units     one unit: kernel, digits it likes, its identikit
    pair      plain beside robust           blind     identikits to be read by a person
    model     one network of the choice     page/     ES modules, no build step

It only looks: networks come from `training/`, readings from `identikits/`, `attribution/` and `embedding/`. Drawings
are centred and scaled like MNIST in the browser, by `page/prepare.js`.
"""
