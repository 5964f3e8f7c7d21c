"""The bytes of a picture from wherever its address says, under a policy; worker and read service share it."""
