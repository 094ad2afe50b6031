import sys

from launch.cli import main

if __name__ == "__main__":  # the processes that draw a report import this file, too
    sys.exit(main(sys.argv[1:]))
