import GRDB
import Hummingbird
print("stub")
