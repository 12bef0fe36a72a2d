<?php
/*
Plugin Name : B
Version : 6
*/