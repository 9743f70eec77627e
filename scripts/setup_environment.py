"""Make the environment of the project; runs with any Python 3, to name what is wrong."""

from upkeep.setup_environment import fail, main

if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        fail("set-up stopped; the next make starts it again")
